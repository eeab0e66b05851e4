"""The seeded simulator: weeks of work on real phones and the real server, with every fault, in half a second.

Clock, network, disk and chance are the simulator's; everything between them is what ships. `docs/simulator.md` says
what is simulated and what is not. A seed makes a plan (`plan`), the plan is played (`play`), and the laws are checked
(`laws`).
"""

"""Counting and picking by speech, hands full and offline.

Still empty. What is to stand here:
A command grammar made from the open document and the catalogue, spoken quantities as people in a
cold store say them (三斤半, 二十五公斤, two dozen), a catalogue match by sound, the Vosk recogniser
behind a port, and the voiceprint that re-opens a shift. Nothing that cannot be undone is committed
unconfirmed, and what is outside the grammar is asked about, never guessed.
"""

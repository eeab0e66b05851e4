"""The corpus that both folds replay is the one that the Python fold writes today."""

from tests.tools.make_fold_vectors import FOLDER, documents


def test_the_corpus_of_the_fold_is_what_the_fold_says() -> None:
    for name, text in documents().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, (
            f"{name}: python -m tests.tools.make_fold_vectors"
        )

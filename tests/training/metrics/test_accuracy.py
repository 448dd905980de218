import torch

from ecomgen.models.backbone import BackboneConfig
from ecomgen.models.recogniser import Recogniser, RecogniserConfig
from ecomgen.training.metrics.accuracy import attribute_accuracy, shared_values

VALUES = {"colour": ("red", "blue", "green"), "pattern": ("striped", "plain"), "audience": ("men",)}


def judge_that_reads_its_features() -> Recogniser:
    """Feature 4 a + c of a picture is how much it looks like class c of attribute a."""
    judge = Recogniser(RecogniserConfig(BackboneConfig(16, (1, 1, 1)), VALUES)).eval()
    for a, head in enumerate(judge.heads.values()):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
        with torch.no_grad():
            for c in range(head.out_features):
                head.weight[c, 4 * a + c] = 1.0
    return judge.requires_grad_(False)


def test_only_what_both_tell_apart_is_asked() -> None:
    learnt = {"colour": {"red": 9, "blue": 9, "mauve": 9}, "pattern": {"plain": 9}, "season": {"summer": 9}}
    assert shared_values(judge_that_reads_its_features(), learnt) == {"colour": {"red", "blue"}}


def test_a_picture_counts_where_it_should_show_something_that_is_asked() -> None:
    features = torch.zeros(6, 256, dtype=torch.float64)
    looks_like = [1, 2, 0, 2, 3, 1]  # 0 is something else, then red, blue, green
    features[range(6), looks_like] = 1.0
    wanted = ["red", "blue", "red", "red", "green", None]
    attributes = [{"colour": colour, "pattern": None} for colour in wanted]
    found = attribute_accuracy(
        judge_that_reads_its_features(),
        features,
        attributes,
        {"colour": {"red", "blue"}, "pattern": {"plain"}},
    )
    assert found == {"colour": (0.5, 4)}
    assert found["colour"].error == 0.25  # of a fair coin, four times

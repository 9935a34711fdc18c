"""What a config may name: entered once, found by its name, or refused with the nearest."""

from __future__ import annotations

import pytest

from bnbench.errors import BnbenchError
from bnbench.registry import Registry


def test_a_name_is_entered_once_and_found() -> None:
    sizes = Registry[int]("size")
    assert sizes.register("large")(3) == 3
    assert sizes.find("large") == 3
    with pytest.raises(ValueError, match="size 'large' is registered twice"):
        sizes.add("large", 4)
    assert sizes == {"large": 3}


def test_another_name_is_refused_with_the_nearest() -> None:
    sizes = Registry[int]("size")
    sizes.update(large=3, small=1)
    with pytest.raises(BnbenchError, match=r"^a\.yaml:1:2: size: there is no size 'larg'; did you"):
        sizes.find("larg", "a.yaml:1:2: size")
    with pytest.raises(BnbenchError, match="choose one of: large, small"):
        sizes.find("xyz")

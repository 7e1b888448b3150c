"""The fit that a benchmark measures."""

from bench.training.fits import fit_config

PROBE = {"kind": "linear_probe", "epochs": 3}


def test_fit_config__a_folder_for_what_makes_it_another_fit(tracked, make_dataset):
    """The same fit goes on in its folder; other data, another recipe or another augmentation get one of their own."""
    one, other = (make_dataset(tracked / name, count=4, side=32) for name in ("one", "other"))
    first, again = (fit_config(one, PROBE, {}, "trial") for _ in range(2))
    assert (first.folder, first.training.recipe.epochs) == (again.folder, 3)
    assert first.run_id != again.run_id
    others = (other, PROBE, {}), (one, {**PROBE, "epochs": 4}, {}), (one, PROBE, {"horizontal_flip": True})
    folders = {first.folder, *(fit_config(*asked, "trial").folder for asked in others)}
    assert (len(folders), {folder.parent for folder in folders}) == (4, {tracked / "fits"})

"""Labels that come back from production."""

from pathlib import Path

import pytest

from data.config import load_data_config
from data.errors import SourceError
from data.stages.feedback import Filed, add_feedback, sources_of


def filed(project: Path, text: str) -> Filed:
    """A table from elsewhere, filed for `solar`."""
    elsewhere = project / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "new.csv").write_text(text)
    return add_feedback(project, "solar", elsewhere / "new.csv", load_data_config(project, "solar"))


def test_add_feedback__is_read_beside_the_source(project: Path) -> None:
    """Rows come back as samples with absolute paths, and their table may go away."""
    filed(project, "path,label,group,type\na.png,defective,m-1,poly\ns3://store/b.png,None,,\n")
    (project / "elsewhere" / "new.csv").unlink()
    sources = dict(sources_of(load_data_config(project, "solar"), "solar"))
    first, second = sources["feedback"].samples(project, "defect")
    assert (first.path, first.labels) == (f"{project}/elsewhere/a.png", {"defect": "defective"})
    assert (first.group, first.slices) == ("m-1", {"type": "poly"})
    assert (second.path, second.labels, second.group) == ("s3://store/b.png", {"defect": "None"}, None)


def test_add_feedback__as_people_write_it(project: Path) -> None:
    """A table of other habits is read as that of a source is; its rows are filed in one form."""
    plain = filed(project, "path,label,group\nsub/a.png,defective,1\n").path
    assert filed(project, "file_name;Class;Group\nsub\\a.png;defective;1\n").path.read_text() == plain.read_text()
    with pytest.raises(SourceError, match=r"new.csv: row 2 has no path; fill it in or drop the row"):
        filed(project, "path,label\na.png,defective\n,defective\n")


def test_add_feedback__says_what_it_filed(project: Path) -> None:
    """How many labels, and which ones the domain does not know."""
    found = filed(project, "path,label\na.png,defective\nb.png,odd\nc.png,odd\nd.png,\n")
    assert (found.rows, found.unknown) == (4, {"odd": 2})


def test_sources_of__without_feedback(project: Path) -> None:
    """No feedback yet is no error."""
    sources = dict(sources_of(load_data_config(project, "solar"), "solar"))
    assert list(sources) == ["source", "feedback"]
    assert not list(sources["feedback"].samples(project, "defect"))


def test_add_feedback__twice_is_once(project: Path) -> None:
    """The same rows are one table; other rows are another."""
    text = "path,label\na.png,defective\n"
    assert filed(project, text) == filed(project, text)
    assert filed(project, text.replace("a.png", "b.png")) != filed(project, text)
    assert len(list((project / "data" / "feedback" / "solar").iterdir())) == 2


def test_add_feedback__other_domains_do_not_see_it(project: Path) -> None:
    """Feedback belongs to one domain."""
    filed(project, "path,label\na.png,defective\n")
    sources = dict(sources_of(load_data_config(project, "digits"), "digits"))
    assert not list(sources["feedback"].samples(project, "digit"))


@pytest.mark.parametrize(
    ("text", "message"),
    [("path\na\n", "no column 'label'"), ("", "not readable as CSV"), ("a,b\n1,2,3\n4\n1,2,3,4\n", "not readable")],
)
def test_add_feedback__wrong_table(project: Path, text: str, message: str) -> None:
    """A table that cannot be used is refused before it is filed."""
    with pytest.raises(SourceError, match=f"new.csv: {message}") as error:
        filed(project, text)
    assert "\n" not in str(error.value)
    assert not (project / "data" / "feedback").exists()


def test_add_feedback__no_table(project: Path) -> None:
    """A path that does not exist is named."""
    with pytest.raises(SourceError, match=r"nothing\.csv: No such file"):
        add_feedback(project, "solar", project / "nothing.csv", load_data_config(project, "solar"))

"""Creates the font files and kerning.json of this folder from Adobe's releases on npm. Run by hand, with fonttools.

    npm pack source-serif@4.5.1 source-sans@3.52.0   # unpack them into serif/ and sans/
    python make_fonts.py serif/TTF sans/TTF

The files keep the characters that all fonts can draw. Kerning has a file of its own because Pillow reads GPOS only with
Raqm, which needs libfribidi on the machine. The family names avoid "Source", which is a reserved font name.
"""

import json
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]  # ships no types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # ships no types

SOURCES = {
    "serif-semibold": (0, "SourceSerif4Display-Semibold.ttf"),
    "sans-regular": (1, "SourceSans3-Regular.ttf"),
    "sans-semibold": (1, "SourceSans3-Semibold.ttf"),
}
SMALLEST_KERN = 8  # thousandths of an em; less is not visible
PAIR_ADJUSTMENT = 2  # the lookup type in GPOS
COPYRIGHT = "Made from fonts of Adobe (http://www.adobe.com/) under the SIL Open Font License 1.1"

Pair = tuple[str, str]


def drawable(fonts: list[TTFont]) -> set[int]:
    shared = set.intersection(*(set(font.getBestCmap()) for font in fonts))
    return {code for code in shared if unicodedata.category(chr(code)) not in ("Cc", "Cf", "Cn", "Co")}


def kerning(font: TTFont, codes: set[int]) -> dict[Pair, int]:
    """Returns thousandths of an em by pair of characters."""
    character = {font.getBestCmap()[code]: chr(code) for code in codes if unicodedata.category(chr(code))[0] in "LNP"}
    gpos = font["GPOS"].table
    lookups = {i for f in gpos.FeatureList.FeatureRecord if f.FeatureTag == "kern" for i in f.Feature.LookupListIndex}
    found: dict[Pair, int] = {}
    for number in sorted(lookups):
        for subtable in gpos.LookupList.Lookup[number].SubTable:
            table = getattr(subtable, "ExtSubTable", subtable)
            if table.LookupType == PAIR_ADJUSTMENT:
                for (first, second), value in pairs(table, set(character)):
                    found.setdefault(
                        (character[first], character[second]), value
                    )  # the first subtable with a pair counts
    return {pair: value for pair, value in found.items() if abs(value) >= SMALLEST_KERN}


def pairs(table: Any, kept: set[str]) -> Iterator[tuple[Pair, int]]:
    firsts = [(number, glyph) for number, glyph in enumerate(table.Coverage.glyphs) if glyph in kept]
    for number, first in firsts:
        if table.Format == 1:
            for record in table.PairSet[number].PairValueRecord:
                if record.SecondGlyph in kept:
                    yield (first, record.SecondGlyph), advance(record.Value1)
        else:
            row = table.Class1Record[table.ClassDef1.classDefs.get(first, 0)].Class2Record
            for second in kept & set(table.ClassDef2.classDefs):
                yield (first, second), advance(row[table.ClassDef2.classDefs[second]].Value1)


def advance(value: Any) -> int:
    return getattr(value, "XAdvance", 0) if value else 0


def in_classes(kerns: dict[Pair, int]) -> dict[str, Any]:
    """Groups characters that kern alike into classes: values[class of first][class of second]."""
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    columns: dict[str, dict[str, int]] = defaultdict(dict)
    for (first, second), value in sorted(kerns.items()):
        rows[first][second] = columns[second][first] = value
    firsts, seconds = alike(rows), alike(columns)
    values = [[rows[first[0]].get(second[0], 0) for second in seconds] for first in firsts]
    return {"first": firsts, "second": seconds, "values": values}


def alike(lines: dict[str, dict[str, int]]) -> list[str]:
    classes: dict[str, str] = defaultdict(str)
    for character, line in sorted(lines.items()):
        classes[repr(sorted(line.items()))] += character
    return sorted(classes.values())


def write(font: TTFont, name: str, codes: set[int]) -> None:
    options = Options(hinting=False, layout_features=[], name_IDs=[], notdef_outline=True)
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "BASE", "STAT", "meta"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    for number, text in {
        0: COPYRIGHT,
        1: f"Asset {name}",
        2: "Regular",
        4: f"Asset {name}",
        6: f"Asset-{name}",
    }.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    font.recalcTimestamp = False
    font.save(Path(f"{name}.ttf"))


if __name__ == "__main__":
    fonts = {name: TTFont(Path(sys.argv[1 + folder], file)) for name, (folder, file) in SOURCES.items()}
    codes = drawable(list(fonts.values()))
    kerns = {name: in_classes(kerning(font, codes)) for name, font in fonts.items()}
    Path("kerning.json").write_text(json.dumps(kerns, ensure_ascii=False, separators=(",", ":")) + "\n")
    for name, font in fonts.items():
        write(font, name, codes)

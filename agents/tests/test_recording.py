"""Reading recordings: good ones, and all the ways to be bad."""

import gzip
from decimal import Decimal

import pytest

from agents.replay.recorded_book import RecordedBook
from agents.replay.recording import BadRecording, Depth, RecordedTrade, Recording, Ticker
from agents.replay.survey import survey
from agents.tests.recordings import EXCERPT, START_NS, depth, line, naive_levels, ticker, trade, write


def recording(path):
    return Recording(path, "BTC-USDT", tick=Decimal("0.01"), lot=Decimal("0.00001"))


def read(tmp_path, *lines, packed=True):
    return list(recording(write(tmp_path / "file", *lines, packed=packed)).messages())


@pytest.mark.parametrize("packed", [True, False])
def test_all_three_kinds_of_message_are_read_from_gzip_and_from_plain_text(tmp_path, packed):
    messages = read(
        tmp_path,
        depth(0, 1, 2, bids=[("100.00", "1.5")], asks=[("100.02000000", "0.00000000")]),
        ticker("0.5", 2, "100.00", "100.01"),
        trade(1, "100.01", "0.00002", buyer_is_maker=True, at_ms=77),
        packed=packed,
    )
    assert messages == [
        Depth(START_NS, 1, 2, [(10_000, 150_000)], [(10_002, 0)]),
        Ticker(START_NS + 5 * 10**8, 2, 10_000, 10_001),
        RecordedTrade(START_NS + 10**9, 77, 10_001, 2, "sell"),
    ]


def test_empty_lines_are_skipped_and_an_empty_file_has_no_messages(tmp_path):
    assert len(read(tmp_path, "", trade(1, "1.00", "1"), "")) == 1
    assert read(tmp_path) == []


def test_only_the_first_seconds_are_read_when_asked_for(tmp_path):
    path = write(tmp_path / "f", *(trade(second, "1.00", "1") for second in range(10)))
    assert len(list(recording(path).messages(limit_seconds=3))) == 4


def test_a_quantity_finer_than_the_lot_is_cut_and_counted(tmp_path):
    file = recording(write(tmp_path / "f", depth(0, 1, 1, bids=[("1.00", "0.123456")])))
    assert next(file.messages()).bids == [(100, 12_345)]
    assert file.cut == 1


BAD_LINES = {
    "no time": ('{"stream": "btcusdt@trade", "data": {}}', "receive time"),
    "time that is not a number": ("12x4 {}", "receive time"),
    "time beyond all clocks": ("9" * 30 + " {}", "receive time"),
    "not JSON": (f"{START_NS} {{broken", "not JSON"),
    "nothing after the time": (f"{START_NS}", "not JSON"),
    "JSON nested without end": (f"{START_NS} " + "[" * 200_000, "not JSON"),
    "NaN": (f'{START_NS} {{"stream": "x@trade", "data": {{"p": NaN}}}}', "NaN"),
    "a list": (f"{START_NS} []", "combined-stream"),
    "no data": (f'{START_NS} {{"stream": "btcusdt@trade"}}', "combined-stream"),
    "another stream": (line(0, "kline_1m"), "unknown stream 'btcusdt@kline_1m'"),
    "a stream that is no text": (f'{START_NS} {{"stream": 7, "data": {{}}}}', "unknown stream 7"),
    "another symbol": (trade(0, "1.00", "1", s="ETHUSDT"), "for 'ETHUSDT' and not for BTCUSDT"),
    "a price off the tick": (trade(0, "1.005", "1"), "1.005, not a positive multiple of the tick 0.01"),
    "a price of zero": (trade(0, "0.00", "1"), "positive multiple"),
    "a price as a number": (trade(0, 1.0, "1"), "1.0 for a price or quantity"),
    "a price of NaN": (trade(0, "NaN", "1"), "'NaN' for a price or quantity"),
    "a negative quantity": (trade(0, "1.00", "-1"), "'-1' for a price or quantity"),
    "a quantity with an exponent": (trade(0, "1.00", "1e9"), "'1e9' for a price or quantity"),
    "no side": (trade(0, "1.00", "1", buyer_is_maker="yes"), 'no "m"'),
    "no time of the trade": (trade(0, "1.00", "1", at_ms=None), 'no whole number "T"'),
    "levels that are no list": (depth(0, 1, 1, b="x"), 'no list "b"'),
    "a level of three": (depth(0, 1, 1, bids=[("1.00", "1", "1")]), 'no list "b"'),
    "an update without a number": (depth(0, "1", 1), 'no whole number "U"'),
}


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_refused_with_its_number(tmp_path, bad):
    text, why = bad
    with pytest.raises(BadRecording, match=r"^line 2 ") as refused:
        read(tmp_path, ticker(0, 1, "1.00", "1.01"), text)
    assert why in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(f'{START_NS} {{"stream": "'.encode() + b'\xff\xfe"}')
    with pytest.raises(BadRecording, match="line 1 is not JSON"):
        list(recording(path).messages())


@pytest.mark.parametrize("damage", [lambda packed: packed[:-40], lambda packed: packed[:60] + b"x" * 60])
def test_a_damaged_gzip_file_is_refused(tmp_path, damage):
    path = tmp_path / "f.gz"
    lines = "\n".join(trade(second, "1.00", "1", at_ms=second) for second in range(500))
    path.write_bytes(damage(gzip.compress(lines.encode())))
    with pytest.raises(BadRecording, match="damaged"):
        list(recording(path).messages())


def test_the_excerpt_reads_whole_and_its_book_is_the_naive_one():
    book, file = RecordedBook(), recording(EXCERPT)
    for message in file.messages():
        if isinstance(message, Depth):
            book.apply(message)
    naive = naive_levels(EXCERPT)
    for side in ("buy", "sell"):
        ours = {Decimal(p) / 100: Decimal(q) / 100_000 for p, q in book.levels[side].items()}
        assert ours == naive[side]
    assert (book.gaps, file.cut) == (0, 0)


def test_a_missing_depth_message_is_a_gap(tmp_path):
    book = RecordedBook()
    for message in read(tmp_path, depth(0, 1, 4), depth(1, 5, 6), depth(2, 8, 9)):
        book.apply(message)
    assert book.gaps == 1


def test_the_survey_counts_what_a_replay_will_need(tmp_path):
    found = survey(
        read(
            tmp_path,
            depth(0, 1, 1, bids=[("1.00", "2"), ("0.50", "4")]),
            depth(1, 2, 2, bids=[("1.00", "0")], asks=[("1.02", "3")]),
            trade(2, "1.02", "1"),
        )
    )
    assert found.messages == 3 and found.kinds == {"Depth": 2, "RecordedTrade": 1}
    assert found.most_bids == 100 * 200_000 + 50 * 400_000
    assert found.most_asks == 300_000
    assert (found.traded, found.traded_cost) == (100_000, 102 * 100_000)
    assert found.first_middle == Decimal(76)

"""The retention of records and assets in common/retention.json."""

import json
from datetime import timedelta

from common.retention import RECORD_RETENTION, RETENTION_FILE

RETENTION = json.loads(RETENTION_FILE.read_text())


def test_a_record_is_kept_for_35_days() -> None:
    assert timedelta(days=35) == RECORD_RETENTION


def test_an_asset_outlives_its_record() -> None:
    assert RETENTION["asset_days"] > RETENTION["record_days"]

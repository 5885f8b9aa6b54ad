"""How long data is kept, read from retention.json.

Terraform reads the same file for the lifecycle rule of the bucket of assets. An asset must outlive its record.
"""

import json
from datetime import timedelta
from pathlib import Path

RETENTION_FILE = Path(__file__).with_name("retention.json")
RECORD_RETENTION = timedelta(days=json.loads(RETENTION_FILE.read_text())["record_days"])

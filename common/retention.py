"""How long data is kept, read from retention.json.

Terraform reads the same file: its bucket deletes an asset `record_days` and `asset_spare_days` after it was made. The
spare days are for the time from the asset to the end of its request, and from the expiry of the record to its deletion.
`docs/deploy.md` describes how to lower `record_days`.
"""

import json
from datetime import timedelta
from pathlib import Path

RETENTION_FILE = Path(__file__).with_name("retention.json")
_days = json.loads(RETENTION_FILE.read_text())
RECORD_RETENTION = timedelta(days=_days["record_days"])
ASSET_RETENTION = RECORD_RETENTION + timedelta(days=_days["asset_spare_days"])
RECORD_BACKUP_RETENTION = timedelta(days=_days["record_backup_days"])
"""How long the backups of the database, and its point-in-time recovery, keep what was deleted."""
FILE_BACKUP_RETENTION = timedelta(days=_days["file_backup_days"])
"""How long the bucket can restore a deleted file."""

DELETION_LAG = timedelta(days=1)  # of Firestore: typically within 24 hours ("Manage data retention with TTL policies")
LONGEST_ATTEMPT = timedelta(hours=1)  # from a claim to the end; a lease is at most 31 minutes
ASSET_REUSE = timedelta(hours=23)
"""How old an asset of an earlier attempt may be at a claim, so that it outlives the record."""

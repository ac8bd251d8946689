from pathlib import Path

from django.db import migrations

BACK = """
DROP TABLE traces_mapping, traces_unknown_key, traces_source, traces_replay_job, traces_rule;
DROP INDEX traces_dead_letter_newest;
ALTER TABLE traces_ledger DROP COLUMN service;
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0003_logs")]
    operations = [
        migrations.RunSQL(Path(__file__).with_name("0004_ingest.sql").read_text(encoding="utf-8"), reverse_sql=BACK)
    ]

from pathlib import Path

from django.db import migrations

BACK = """
ALTER TABLE traces_span
    ALTER COLUMN tokens_in TYPE integer, ALTER COLUMN tokens_cache_read TYPE integer,
    ALTER COLUMN tokens_cache_write TYPE integer, ALTER COLUMN tokens_out TYPE integer,
    ALTER COLUMN tokens_reasoning TYPE integer;
DROP TABLE traces_log_queue, traces_log;
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0002_prices")]
    operations = [
        migrations.RunSQL(Path(__file__).with_name("0003_logs.sql").read_text(encoding="utf-8"), reverse_sql=BACK)
    ]

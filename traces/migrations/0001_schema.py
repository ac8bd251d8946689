from pathlib import Path

from django.db import migrations

TABLES = "traces_dead_letter, traces_ledger, traces_rollup_delta, traces_rollup, traces_rollup_key, traces_settle, traces_trace, traces_span, traces_inbox_queue, traces_inbox_batch"


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunSQL(
            Path(__file__).with_name("0001_schema.sql").read_text(encoding="utf-8"),
            reverse_sql=f"DROP TABLE {TABLES}",
        )
    ]

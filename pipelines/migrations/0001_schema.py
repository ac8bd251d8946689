from pathlib import Path

from django.db import migrations

TABLES = (
    "pipelines_simulation, pipelines_blob_use, pipelines_blob, pipelines_session, pipelines_limiter,"
    " pipelines_breaker_change, pipelines_breaker, pipelines_worker, pipelines_event, pipelines_signal, pipelines_message, pipelines_vote,"
    " pipelines_review, pipelines_effect, pipelines_ready, pipelines_node, pipelines_run, pipelines_definition"
)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_name("0001_schema.sql").read_text(encoding="utf-8"),
            reverse_sql=f"DROP TABLE {TABLES}; DROP SEQUENCE pipelines_session_version",
        )
    ]

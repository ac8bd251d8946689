from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("traces", "0004_ingest")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_name("0005_search.sql").read_text(encoding="utf-8"),
            reverse_sql="DROP TABLE traces_search_queue, traces_search_segment",
        )
    ]

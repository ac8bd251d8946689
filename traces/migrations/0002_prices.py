from pathlib import Path

from django.db import migrations

BACK = """
ALTER TABLE traces_rollup DROP COLUMN ttft_buckets, DROP COLUMN ttft_counts;
ALTER TABLE traces_rollup_delta DROP COLUMN ttft_buckets, DROP COLUMN ttft_counts;
ALTER TABLE traces_rollup ALTER COLUMN cost TYPE double precision;
ALTER TABLE traces_rollup_delta ALTER COLUMN cost TYPE double precision;
ALTER TABLE traces_span DROP COLUMN reported_cost;
DROP TABLE traces_reprice, traces_price;
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0001_schema")]
    operations = [
        migrations.RunSQL(Path(__file__).with_name("0002_prices.sql").read_text(encoding="utf-8"), reverse_sql=BACK)
    ]

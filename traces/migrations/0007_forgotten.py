from django.db import migrations

ADD = """
-- Projects that were deleted and whose data is still to go. A row stays a while longer: what was on its way goes too.
CREATE TABLE traces_gone_project (
    gone       integer     PRIMARY KEY,
    deleted_at timestamptz NOT NULL DEFAULT now()
);
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0006_twins")]
    operations = [migrations.RunSQL(ADD, reverse_sql="DROP TABLE traces_gone_project")]

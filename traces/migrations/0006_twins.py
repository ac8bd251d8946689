from django.db import migrations

ADD = "ALTER TABLE traces_span ADD COLUMN scope_key smallint;  -- of a model call: a hash of the instrumentation's name"


class Migration(migrations.Migration):
    dependencies = [("traces", "0005_search")]
    operations = [migrations.RunSQL(ADD, reverse_sql="ALTER TABLE traces_span DROP COLUMN scope_key")]

"""A mail belongs to a person; urgent messages close together share one. What was one mail per message becomes that."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from careteam.migrations._operations import Together

TO_PEOPLE = """
UPDATE careteam_delivery d SET recipient_id = i.recipient_id, made_at = i.raised_at
FROM careteam_inboxitem i WHERE i.id = d.item_id;
UPDATE careteam_delivery SET made_at = next_attempt_at WHERE made_at IS NULL;
UPDATE careteam_inboxitem i SET mail = 'urgent' FROM careteam_delivery d WHERE d.item_id = i.id;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('careteam', '0004_calendar_links'),
    ]

    operations = [Together([
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_item_or_digest',
        ),
        migrations.AddField(
            model_name='delivery',
            name='fault',
            field=models.CharField(blank=True, choices=[('later', 'The server asks to come back later'), ('refused', 'The server does not take it'), ('silent', 'The server does not answer'), ('uncertain', 'The server was given all of it and did not answer')], default='', help_text='of the last attempt', max_length=10),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='delivery',
            name='uncertain',
            field=models.PositiveSmallIntegerField(default=0, help_text='attempts that nobody answered for, one running'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='made_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='inboxitem',
            name='mail',
            field=models.CharField(blank=True, choices=[('', 'Inbox only'), ('at_once', 'Waits for the next urgent mail'), ('urgent', 'In an urgent mail'), ('waiting', 'Waits for the next digest'), ('digest', 'In a digest')], default='', max_length=8),
        ),
    ]), migrations.RunSQL(TO_PEOPLE, migrations.RunSQL.noop), Together([
        migrations.AlterField(
            model_name='delivery',
            name='made_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='recipient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RemoveField(
            model_name='delivery',
            name='item',
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('digest_on__isnull', True)), fields=['recipient', 'made_at'], name='delivery_urgent'),
        ),
        migrations.AddIndex(
            model_name='inboxitem',
            index=models.Index(condition=models.Q(('mail__in', ['at_once', 'urgent'])), fields=['recipient'], name='inbox_urgent'),
        ),
    ])]

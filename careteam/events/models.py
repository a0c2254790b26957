"""What happened, told upward: a lower slice writes an Event, consumed above on commit and again by the tick."""

from django.db import models


class Event(models.Model):
    """A fact of the work that slices above may want to act on. Written in the transaction of the command itself."""

    kind = models.CharField(max_length=60)
    at = models.DateTimeField()
    team_id = models.BigIntegerField(null=True)
    patient_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True)
    payload = models.JSONField(default=dict)
    settled = models.BooleanField(default=False, help_text="every consumer has handled it")

    class Meta:
        indexes = (models.Index(fields=["id"], name="event_unsettled", condition=models.Q(settled=False)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Consumption(models.Model):
    """A consumer handled an event: the unique pair is what makes every consumer idempotent."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="consumptions")
    consumer = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["event", "consumer"], name="event_consumed_once"),)

    def __str__(self) -> str:
        return f"{self.consumer} took {self.event_id}"


class Heartbeat(models.Model):
    """When a recurring job last came through; `/readyz` and the stale-job banner read it."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    details = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"

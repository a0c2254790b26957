"""The only writers of chases, waivers and inputs."""

from tumorboard.readiness.commands.chasing import keep_up, let_go
from tumorboard.readiness.commands.inputs import say_input
from tumorboard.readiness.commands.waiving import assign, take_back_waiver, waive
from tumorboard.readiness.commands.wanting import settle_chase, want

__all__ = ["assign", "keep_up", "let_go", "say_input", "settle_chase", "take_back_waiver", "waive", "want"]

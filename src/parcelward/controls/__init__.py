"""Control periods: signed rules for a while, which tighten named settings, add duties, and speed up named goods.

`reading` reads one from its file and `signature` proves who signed it; `folder` loads all of them. `controls` says
which apply to a parcel and the times of its duties then, `applied` what they change in a verdict, `words` how an alert
says it.
"""

from parcelward.controls.applied import Applied
from parcelward.controls.controls import NO_CONTROLS, Controls
from parcelward.controls.folder import ControlError, load_controls

__all__ = ["NO_CONTROLS", "Applied", "ControlError", "Controls", "load_controls"]

"""The record of a call of Blob Storage."""

from .activity import Activity
from .service_calls import ServiceCall


class StorageCall(ServiceCall):
    """The `container` is named as `ACCOUNT/CONTAINER`. The route is the operation's name in the logs of Azure Storage,
    such as `PutBlockList`, where the caller's or our request ID is `ClientRequestId`. Source: "Storage Analytics logged
    operations and status messages".
    """

    kind, part, counted_as = "storageCall", "container", "connector.storage"
    throttled = (429, 503)  # ServerBusy is a 503

    def _add_to(self, activity: Activity, milliseconds: int) -> None:
        activity.storage_calls += 1
        activity.storage_milliseconds += milliseconds

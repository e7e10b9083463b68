"""
The ten technical events, each to be raised by the component that it belongs to.

The bus itself raises `ServiceShutdown` when it stops. E-mail has two outcomes, and so two classes.
"""

from __future__ import annotations

from plugbus.events import EventBase, event


__all__ = (
    "ApiRequestReceived",
    "BackgroundJobCompleted",
    "CacheInvalidated",
    "DatabaseReplicated",
    "EmailDelivered",
    "EmailFailed",
    "FileUploadCompleted",
    "MessageLogged",
    "MessageQueued",
    "ServiceShutdown",
    "ThirdPartyApiResponded",
)


@event("cache.invalidated")
class CacheInvalidated(EventBase):
    """
    Entries were dropped from a cache.

    Args:
        keys: The keys that were dropped.
        tags: The tags whose entries were dropped.
        reason: Why, in words.
        cause: The id of the event that made them stale.
    """

    keys: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reason: str = ""
    cause: str | None = None


@event("api.request.received")
class ApiRequestReceived(EventBase):
    """
    An HTTP or RPC request came in.

    Args:
        method: The HTTP method or the procedure's name.
        path: The path, without the query, which may hold secrets.
        client: The address of the client.
        request_id: The request's id, as in `X-Request-ID`.
    """

    method: str
    path: str
    client: str | None = None
    request_id: str | None = None


@event("database.replicated")
class DatabaseReplicated(EventBase):
    """
    A replica caught up with its primary.

    Args:
        database: The database.
        replica: The replica that caught up.
        lag_seconds: How far behind it was.
    """

    database: str
    replica: str
    lag_seconds: float = 0.0


@event("message.queued")
class MessageQueued(EventBase):
    """
    A message was put into a queue.

    Args:
        queue: The queue.
        message_id: The message's id in it.
        size: The message's size in bytes.
    """

    queue: str
    message_id: str
    size: int | None = None


@event("message.logged")
class MessageLogged(EventBase):
    """
    A line was written to a log that somebody shall hear of.

    Args:
        logger: The logger's name.
        level: The level, as in `WARNING`.
        message: The line.
    """

    logger: str
    level: str
    message: str


@event("email.delivered")
class EmailDelivered(EventBase):
    """
    A mail server accepted an e-mail.

    Args:
        recipient: The address.
        message_id: The `Message-ID` header.
    """

    recipient: str
    message_id: str


@event("email.failed")
class EmailFailed(EventBase):
    """
    An e-mail could not be delivered.

    Args:
        recipient: The address.
        reason: What the server said.
        permanent: Whether another attempt is useless.
        message_id: The `Message-ID` header.
    """

    recipient: str
    reason: str
    permanent: bool = False
    message_id: str | None = None


@event("file.upload.completed")
class FileUploadCompleted(EventBase):
    """
    A file has arrived as a whole.

    Args:
        name: The file's name.
        size: Its size in bytes.
        content_type: Its media type.
        checksum: Its checksum, with the algorithm in front, as in `sha256:...`.
    """

    name: str
    size: int
    content_type: str | None = None
    checksum: str | None = None


@event("third_party.api.responded")
class ThirdPartyApiResponded(EventBase):
    """
    Somebody else's service answered a call.

    Args:
        service: The service.
        operation: What was asked of it.
        status: The HTTP status.
        duration_seconds: How long it took.
    """

    service: str
    operation: str
    status: int
    duration_seconds: float


@event("background.job.completed")
class BackgroundJobCompleted(EventBase):
    """
    A background job has ended well.

    Args:
        job: The job's name.
        job_id: This run's id.
        duration_seconds: How long it took.
    """

    job: str
    job_id: str
    duration_seconds: float


@event("service.shutdown")
class ServiceShutdown(EventBase):
    """
    A service is going down; the bus raises it when it stops, while handlers still run.

    Args:
        service: The service; the bus's source.
        reason: Why, in words.
    """

    service: str
    reason: str = ""

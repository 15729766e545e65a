"""The API client: few verbs, plain dictionaries, typed faults. No generated API classes.

Those classes cost more memory than the rest of the operator together.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.api_client import ApiClient

from trimtab_operator.cluster.patience import take_pause
from trimtab_operator.cluster.resources import BY_TYPE, Resource
from trimtab_operator.errors import Conflict, Refused, Retryable, Throttled

logger = logging.getLogger(__name__)

REQUEST_SECONDS = 30.0
PAGE = 250
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PASSING = frozenset({401, 408, 410, 429, 500, 502, 503, 504})
"""401: a rotated token is read again; 410: a list that took too long is begun anew."""

Manifest = dict[str, Any]


def resource_of(manifest: Mapping[str, Any]) -> Resource:
    """Return the resource that a manifest belongs to."""
    return BY_TYPE[manifest["apiVersion"], manifest["kind"]]


class Cluster:
    """Reads and writes objects. Safe to share between tasks.

    Args:
        api: the connection; closed by its owner.
        field_manager: owner of every applied field.
        clock: monotonic seconds.
    """

    def __init__(self, api: ApiClient, field_manager: str, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self.field_manager = field_manager
        self.last_answer = clock()

    async def whoami(self) -> str:
        """Return the user name that the API server knows this client by."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        answer = await self._call("POST", path, body)
        return str(answer["status"]["userInfo"]["username"])

    async def served_resources(self, api_version: str) -> frozenset[str]:
        """Return the plurals that the server knows of an API version; empty for an unknown one."""
        try:
            answer = await self._call("GET", f"/apis/{api_version}")
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return frozenset()
            raise
        return frozenset(resource["name"] for resource in answer["resources"])

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        """Return an object, or None where there is none."""
        try:
            return await self._call("GET", resource.path(namespace, name))
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def list_objects(
        self,
        resource: Resource,
        namespace: str,
        selector: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> list[Manifest]:
        """Return the objects of a namespace (all where empty) with all these labels and fields."""
        query = _selectors(labelSelector=selector, fieldSelector=fields)
        return [item async for item in self._pages(resource.path(namespace), query, JSON)]

    async def list_metadata(self, resource: Resource, namespace: str) -> list[Manifest]:
        """Return the metadata of all objects of a namespace (all where empty)."""
        pages = self._pages(resource.path(namespace), {}, METADATA_ONLY)
        return [item["metadata"] async for item in pages]

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; raises `Conflict` where one of that name exists."""
        path = resource_of(manifest).path(manifest["metadata"]["namespace"])
        return await self._call("POST", _with(path, fieldManager=self.field_manager), manifest)

    async def replace(self, manifest: Manifest) -> Manifest:
        """Update an object as it was read; raises `Conflict` where it has changed since."""
        metadata = manifest["metadata"]
        path = resource_of(manifest).path(metadata["namespace"], metadata["name"])
        return await self._call("PUT", path, manifest)

    async def apply(self, manifest: Manifest, subresource: str = "") -> Manifest:
        """Server-side apply, taking over the fields that others own.

        A `metadata.resourceVersion` in the manifest makes it a compare-and-swap.
        """
        metadata = manifest["metadata"]
        path = resource_of(manifest).path(metadata["namespace"], metadata["name"], subresource)
        target = _with(path, fieldManager=self.field_manager, force="true")
        return await self._call("PATCH", target, manifest, content_type=APPLY)

    async def merge(
        self, resource: Resource, namespace: str, name: str, patch: Manifest
    ) -> Manifest | None:
        """Merge-patch an object; None where it is gone."""
        try:
            return await self._call(
                "PATCH", resource.path(namespace, name), patch, content_type=MERGE
            )
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def delete(self, resource: Resource, namespace: str, name: str) -> bool:
        """Delete an object and, in the background, what it owns; False where it was gone."""
        options = {"propagationPolicy": "Background"}
        try:
            await self._call("DELETE", resource.path(namespace, name), options)
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    async def _pages(
        self, path: str, query: Mapping[str, str], accept: str
    ) -> AsyncIterator[Manifest]:
        token = ""
        while True:
            asked = {"limit": str(PAGE), **query} | ({"continue": token} if token else {})
            page = await self._call("GET", _with(path, **asked), accept=accept)
            # An empty list of metadata comes as null.
            for item in page["items"] or ():
                yield item
            token = page["metadata"].get("continue", "")
            if not token:
                return

    async def _call(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        *,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Manifest:
        """Send a request, again where the server asks for patience and there is some left."""
        while True:
            try:
                return await self._send(method, path, body, content_type, accept)
            except Throttled as error:
                pause = take_pause(error.retry_after)
                if pause is None:
                    raise
                logger.info("API server asks for patience", extra={"seconds": pause})
                await asyncio.sleep(pause)

    async def _send(
        self, method: str, path: str, body: Manifest | None, content_type: str, accept: str
    ) -> Manifest:
        headers = {"Accept": accept, "Content-Type": content_type}
        await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = self._api.configuration.host + path
        try:
            answer = await self._api.call_api(
                method, url, headers, body=body, _request_timeout=REQUEST_SECONDS
            )
            data: bytes = await answer.read()  # type: ignore[no-untyped-call] # the client has no types
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            cause = str(error) or type(error).__name__
            raise Retryable(f"{method} {path}: API server: {cause}") from error
        self.last_answer = self._clock()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _fault(f"{method} {path}", answer.status, data, answer.headers.get("Retry-After"))
        parsed: Manifest = json.loads(data)
        return parsed


def _selectors(**wanted: Mapping[str, str] | None) -> dict[str, str]:
    """Return the query of selectors; one that asks for nothing is left out."""
    return {
        name: ",".join(f"{key}={value}" for key, value in pairs.items())
        for name, pairs in wanted.items()
        if pairs
    }


def _with(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


def _fault(call: str, status: int, data: bytes, retry_after: str | None) -> Exception:
    """Return the exception that an HTTP error means."""
    message = f"{call}: {status} {_message(data)}"
    if status == HTTPStatus.CONFLICT:
        return Conflict(message)
    if status in PASSING:
        wait = float(retry_after) if retry_after and retry_after.isdigit() else None
        throttled = status == HTTPStatus.TOO_MANY_REQUESTS
        return Throttled(message, wait) if throttled else Retryable(message, wait)
    return Refused(message, status)


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data[:200].decode(errors="replace")

"""What a policy decides about images: by their signatures when they are imported, and again when they are run."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import layouts
import made_images
import pytest
import signatures
from machines import Machine, Result

REFERENCE = "reg.example.com/acme/app"
NAME = f"{REFERENCE}:1"


class Signer:
    """A key, an image for the machine that can be signed, and policies that ask for it."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        """Makes the key and the image's layer."""
        self.machine = machine
        self.folder = folder
        self.key = signatures.make_key(folder)
        self.other = signatures.make_key(folder, "other")
        self._count = 0

    def layout(self) -> Path:
        """A new layout with an image that is not signed yet."""
        self._count += 1
        layer = layouts.Layer(made_images.base(self.machine.architecture))
        return layouts.write(
            self.folder / f"layout-{self._count}", [layer], architecture=self.machine.architecture, config={"Env": ["PATH=/bin"], "Cmd": ["echo", "it runs"]}
        )

    def policy(self, *requirements: dict[str, Any], default: Sequence[dict[str, Any]] = ({"type": "reject"},), mode: int = 0o644) -> str:
        """Brings a policy for the images below `REFERENCE` to the machine; gives its path there."""
        self._count += 1
        path = self.folder / f"policy-{self._count}.json"
        path.write_text(json.dumps({"default": list(default), "transports": {"docker": {REFERENCE: list(requirements)}}}))
        path.chmod(mode)
        target = f"{self.machine.volatile}/{self.machine.new_name()}.json"
        self.machine.put(path, target)
        return target

    def signed_by(self, *keys: Path, identity: str | None = "matchRepository") -> dict[str, Any]:
        """A requirement."""
        data = [base64.b64encode(signatures.public_of(key).read_bytes()).decode() for key in keys or (self.key,)]
        return {"type": "sigstoreSigned", "keyDatas": data, **({"signedIdentity": {"type": identity}} if identity else {})}

    def bring(self, layout: Path) -> str:
        """Puts a layout on the machine; gives its path there."""
        target = f"{self.machine.volatile}/{self.machine.new_name()}"
        self.machine.put(layout, target)
        return target

    def import_(self, layout: Path, policy: str, name: str = NAME) -> Result:
        """Imports an image under the policy."""
        return self.machine.call("--policy", policy, "image", "import", "--name", name, self.bring(layout))

    def run(self, policy: str, name: str = NAME) -> Result:
        """Runs an image under the policy."""
        return self.machine.call("--policy", policy, "image", "run", "--name", self.machine.new_name(), name)


@pytest.fixture
def signer(machine: Machine) -> Iterator[Signer]:
    """A signer for one test; what it imports is removed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Signer(machine, Path(folder))
    for image in machine.call("image", "list").succeeded().lines:
        if image.startswith(("reg.example.com/", "other.example.com/")):
            machine.call("image", "remove", image.split("\t")[0]).succeeded()


def described(layout: Path) -> dict[str, Any]:
    """The first entry of a layout's index."""
    entry = json.loads((layout / "index.json").read_text())["manifests"][0]
    assert isinstance(entry, dict)
    return entry


def sign_simple(signer: Signer, layout: Path, key: Path | None = None, reference: str = REFERENCE) -> None:
    """Signs the image of a layout in the older form."""
    signatures.attach_simple(layout, key or signer.key, described(layout)["digest"], reference)


def test_an_image_that_is_signed_in_the_older_form_is_imported_and_runs(signer: Signer) -> None:
    layout, policy = signer.layout(), signer.policy(signer.signed_by())
    sign_simple(signer, layout)
    signer.import_(layout, policy).succeeded()
    assert signer.run(policy).succeeded().text == "it runs\n"


@pytest.mark.parametrize("listed", [True, False])
def test_an_image_that_is_signed_by_a_bundle_is_imported_and_runs(signer: Signer, listed: bool) -> None:
    layout, policy = signer.layout(), signer.policy(signer.signed_by(identity=None))
    signatures.attach_bundle(layout, signer.key, described(layout), listed=listed)
    signer.import_(layout, policy).succeeded()
    assert signer.run(policy).succeeded().text == "it runs\n"


def test_a_signature_of_the_index_is_one_of_the_image(signer: Signer) -> None:
    layout, policy = signer.layout(), signer.policy(signer.signed_by())
    nested = json.loads((layout / "index.json").read_text())
    nested["mediaType"] = signatures.INDEX
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": []}))
    signatures.add_to_index(layout, nested)
    signatures.attach_simple(layout, signer.key, described(layout)["digest"], REFERENCE)
    signer.import_(layout, policy).succeeded()
    assert signer.run(policy).succeeded().text == "it runs\n"


def test_verify_tells_the_rule_and_the_key(signer: Signer) -> None:
    layout = signer.layout()
    sign_simple(signer, layout)
    place = f'transports.docker["{REFERENCE}"]'
    policy = signer.policy(signer.signed_by(signer.other, signer.key))
    signer.import_(layout, policy).succeeded()
    said = signer.machine.call("--policy", policy, "image", "verify", NAME).succeeded().lines
    assert said[:2] == [f"{NAME}: accepted", f"  rule: {policy}: {place}"]
    assert said[2].startswith("  reason: signature sha256:") and said[2].endswith(f"{place}[0].keyDatas[1]")
    refusing = signer.policy(signer.signed_by(signer.other))
    result = signer.machine.call("--policy", refusing, "image", "verify", "--format", "json", NAME)
    document = json.loads(result.text)
    assert result.status == 1 and document["accepted"] is False and document["rule"] == f"{refusing}: {place}[0]"
    assert document["signatures"] == 1 and document["reasons"][0].endswith("no key of the policy has made it")


def test_what_is_not_signed_is_rejected_before_anything_is_unpacked(signer: Signer) -> None:
    policy = signer.policy(signer.signed_by())
    layers = signer.machine.sh(f"ls {signer.machine.store}/layers 2>/dev/null || true")
    signer.import_(signer.layout(), policy).failed(f"image {NAME} is rejected by {policy}", "it has no signatures", status=1)
    assert NAME not in signer.machine.call("image", "list").text
    assert signer.machine.sh(f"ls {signer.machine.store}/layers 2>/dev/null || true") == layers


@pytest.mark.parametrize("what", ["another key", "another image", "another name", "the payload", "the signature", "an attestation", "the manifest"])
def test_every_kind_of_tampering_is_rejected(signer: Signer, what: str) -> None:
    layout = signer.layout()
    digest = described(layout)["digest"]
    content = signatures.payload(REFERENCE, digest)
    identity: str | None = "matchRepository"
    reason = "no key of the policy has made it"
    if what == "another key":
        sign_simple(signer, layout, signer.other)
    elif what == "another image":
        wrong = signatures.payload(REFERENCE, "sha256:" + "0" * 64)
        signatures.attach_simple(layout, signer.key, digest, REFERENCE, wrong)
        reason = "it is for another image, sha256:" + "0" * 64
    elif what == "another name":
        sign_simple(signer, layout, reference="reg.example.com/acme/other")
        reason = f"it is for reg.example.com/acme/other, and the policy does not permit that for {NAME}"
    elif what == "the payload":
        signature = signatures.sign(signer.key, content)
        signatures.attach_simple(layout, signer.key, digest, REFERENCE, content.replace(b"null", b"{}"), signature)
    elif what == "the signature":
        signature = signatures.sign(signer.key, content)
        signatures.attach_simple(layout, signer.key, digest, REFERENCE, content, signature[:-8] + "AAAAAAA=")
    elif what == "an attestation":
        statement = signatures.statement(digest, "https://slsa.dev/provenance/v1")
        signatures.attach_bundle(layout, signer.key, described(layout), statement)
        identity, reason = None, "predicateType: unknown value"
    else:
        sign_simple(signer, layout)
        index = json.loads((layout / "index.json").read_text())
        manifest = layout / "blobs" / digest.replace(":", "/")
        index["manifests"][0].update(signatures.add_blob(layout, manifest.read_bytes() + b"\n"))
        (layout / "index.json").write_text(json.dumps(index))
        reason = "it has no signatures"
    policy = signer.policy(signer.signed_by(identity=identity))
    signer.import_(layout, policy).failed(f"image {NAME} is rejected by {policy}", reason, status=1)
    assert NAME not in signer.machine.call("image", "list").text


def test_what_is_attached_and_left_out_hinders_nothing(signer: Signer) -> None:
    layout = signer.layout()
    signatures.attach_bundle(layout, signer.key, described(layout))
    attached = json.loads((layout / "index.json").read_text())["manifests"][1]
    (layout / "blobs" / attached["digest"].replace(":", "/")).unlink()
    signer.import_(layout, signer.policy({"type": "insecureAcceptAnything"})).succeeded()
    assert signer.run(signer.policy(signer.signed_by(identity=None))).failed("it has no signatures").status == 125


def test_a_policy_that_changes_decides_anew_about_what_is_in_the_store(signer: Signer) -> None:
    layout = signer.layout()
    sign_simple(signer, layout)
    anything = signer.policy({"type": "insecureAcceptAnything"})
    signer.import_(layout, anything).succeeded()
    refusing = signer.policy(signer.signed_by(signer.other))
    signer.run(refusing).failed("is rejected by", "no key of the policy has made it", status=125)
    asked = signer.machine.call("--policy", refusing, "check", "--image", NAME)
    # "Cannot run", as for whatever else keeps a container from running.
    assert asked.status == 4 and "is rejected by" in asked.text and asked.error == ""
    assert signer.run(signer.policy(signer.signed_by())).succeeded().text == "it runs\n"


def test_a_name_outside_the_scope_is_the_defaults(signer: Signer) -> None:
    layout, policy = signer.layout(), signer.policy({"type": "insecureAcceptAnything"})
    signer.import_(layout, policy, "other.example.com/app").failed("is rejected by", "default[0]: everything is rejected (reject)", status=1)


def test_a_damaged_signature_in_the_store_is_told(signer: Signer) -> None:
    layout, policy = signer.layout(), signer.policy(signer.signed_by())
    sign_simple(signer, layout)
    signer.import_(layout, policy).succeeded()
    digits = json.loads(signer.machine.sh(f"head -n 1 {signer.machine.store}/images/*acme*"))["signatures"][0]["blob"].split(":")[1]
    signer.machine.sh(f"echo x >>{signer.machine.store}/blobs/sha256/{digits}")
    signer.run(policy).failed(f"blob sha256:{digits} of the store: is damaged", status=125)


def test_a_policy_or_a_key_that_others_may_write_to_is_refused(signer: Signer) -> None:
    layout = signer.layout()
    sign_simple(signer, layout)
    policy = signer.policy({"type": "insecureAcceptAnything"}, mode=0o666)
    signer.machine.sh(f"chmod 666 {policy}")
    signer.import_(layout, policy).failed(policy, "others than root may write to it", status=1)
    key = f"{signer.machine.volatile}/{signer.machine.new_name()}.pub"
    signer.machine.put(signatures.public_of(signer.key), key)
    policy = signer.policy({"type": "sigstoreSigned", "keyPath": key, "signedIdentity": {"type": "matchRepository"}})
    signer.machine.sh(f"chmod 664 {key}")
    signer.import_(layout, policy).failed(key, "others than root may write to it", status=1)
    signer.machine.sh(f"chmod 644 {key}")
    signer.import_(layout, policy).succeeded()


def test_a_policy_that_is_named_and_missing_or_broken_accepts_nothing(signer: Signer) -> None:
    layout = signer.layout()
    missing = f"{signer.machine.volatile}/no-such-policy.json"
    signer.import_(layout, missing).failed(missing, "no such file", status=1)
    broken = f"{signer.machine.volatile}/{signer.machine.new_name()}.json"
    signer.machine.write(broken, b'{"default": [{"type": "acceptAnything"}]}')
    signer.import_(layout, broken).failed(broken, "default[0].type: unknown value 'acceptAnything'", status=1)


def test_without_a_policy_everything_is_accepted_and_verify_says_so(machine: Machine) -> None:
    machine.sh("[ ! -e /etc/apus/policy.json ]")
    name = machine.image("busybox")
    assert "there is no policy, everything is accepted" in machine.call("image", "verify", name).succeeded().text


def test_signatures_go_with_the_image(signer: Signer) -> None:
    layout, policy = signer.layout(), signer.policy(signer.signed_by())
    sign_simple(signer, layout)
    blobs = signer.machine.sh(f"ls {signer.machine.store}/blobs/sha256 2>/dev/null || true")
    signer.import_(layout, policy).succeeded()
    signer.machine.call("image", "remove", NAME).succeeded()
    assert signer.machine.sh(f"ls {signer.machine.store}/blobs/sha256") == blobs

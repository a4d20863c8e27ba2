# SPDX-License-Identifier: GPL-3.0-or-later
"""What a third party repeats of a credential is masked, whatever its bytes; the rest comes back as it was."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from relay.outbound import Answer
from relay.service import cleaned

SECRETS = ["plain-secret-1", "pässwörd «geheim»", "秘密の鍵です"]
FORMS = {
    "UTF-8": lambda secret: secret.encode(),
    "JSON": lambda secret: json.dumps(secret).encode(),
    "JSON in UTF-8": lambda secret: json.dumps(secret, ensure_ascii=False).encode(),
    "a URL": lambda secret: quote(secret).encode(),
    "base64": lambda secret: base64.b64encode(b"user:" + secret.encode()),
    "hexadecimal": lambda secret: secret.encode().hex().encode(),
}
OTHER = bytes(range(256)) + "ünïcode".encode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_form_of_it_goes_back(secret, form):
    told = FORMS[form](secret)
    answer = cleaned(Answer(200, (), OTHER + b" " + told + b" " + OTHER), (secret,))
    assert answer.body.startswith(OTHER)
    assert answer.body.endswith(OTHER)
    assert told.strip(b'"') not in answer.body
    left = answer.body.removeprefix(OTHER).removesuffix(OTHER)
    assert b"*" * 8 in left
    assert len(left) < 40

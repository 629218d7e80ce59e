# Signs in for {{ self.0.gstin }} and asks what the register knows of it.
# pip install requests cryptography; set IRP_API_PASSWORD, IRP_CLIENT_ID and IRP_CLIENT_SECRET first.
import base64
import json
import os

import requests
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BASE = "{{ self.0.base }}"
PUBLIC_KEY = "{{ self.0.public_key }}"
GSTIN = "{{ self.0.gstin }}"
API_USERNAME = "{{ self.0.api_username }}"
HEADERS = {
    "client_id": os.environ["IRP_CLIENT_ID"],
    "client_secret": os.environ["IRP_CLIENT_SECRET"],
    "Gstin": GSTIN,
}


def decrypt(key, text):
    cipher = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    padded = cipher.update(base64.b64decode(text)) + cipher.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


# What only this run and the IRP know: 32 bytes, new ones each time.
app_key = os.urandom(32)
login = {
    "UserName": API_USERNAME,
    "Password": os.environ["IRP_API_PASSWORD"],
    "AppKey": base64.b64encode(app_key).decode(),
    "ForceRefreshAccessToken": False,
}
public_key = serialization.load_pem_public_key(requests.get(PUBLIC_KEY, timeout=30).content)
envelope = public_key.encrypt(base64.b64encode(json.dumps(login).encode()), PKCS1v15())
body = {"Data": base64.b64encode(envelope).decode()}
answer = requests.post(f"{BASE}/auth", headers=HEADERS, json=body, timeout=30).json()
if answer["Status"] != 1:
    raise SystemExit(answer["ErrorDetails"])

data = answer["Data"]
session_key = decrypt(app_key, data["Sek"])
session = {**HEADERS, "user_name": API_USERNAME, "AuthToken": data["AuthToken"]}
answer = requests.get(f"{BASE}/Master/gstin/{GSTIN}", headers=session, timeout=30).json()
if answer["Status"] != 1:
    raise SystemExit(answer["ErrorDetails"])
print(json.dumps(json.loads(decrypt(session_key, answer["Data"])), indent=2))

#!/usr/bin/python3
"""A model of a management controller that speaks Redfish, written from DMTF's DSP0266 (protocol) and DSP8010 (ComputerSystem,
ActionInfo), sharing nothing with src/power. One system, basic sign-in, TLS.

redfish_model.py FOLDER [FAULT]...: makes FOLDER/bmc.pem when it is not there, and says its port in FOLDER/port when it listens. What it was
told stands in FOLDER/log, a line each; FOLDER/power holds On or Off. Faults: stuck (takes the order, and stays as it is), large (answers
with 8 MiB), garbled (answers no JSON), action-info (says what it allows elsewhere), two (has two systems), elsewhere (wants orders at
another service), no-off (allows only On), busy (status 503). As long as there is a file FOLDER/hold it is stuck, too. `at=ADDRESS` listens there instead of
at 127.0.0.1."""

import base64
import http.server
import json
import os
import ssl
import subprocess
import sys

USER, PASSWORD = "truce", "correct horse"
SYSTEM = "/redfish/v1/Systems/437XR1138R2"
RESET = SYSTEM + "/Actions/ComputerSystem.Reset"
INFO = SYSTEM + "/ResetActionInfo"
KINDS = ["On", "ForceOff", "GracefulShutdown", "ForceRestart"]


class Controller:
    def __init__(self, folder, faults):
        self.folder, self.faults = folder, set(faults)

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def power(self):
        with open(self.path("power")) as file:
            return file.read().strip()

    @power.setter
    def power(self, value):
        with open(self.path("power"), "w") as file:
            file.write(value)

    def note(self, line):
        with open(self.path("log"), "a") as file:
            file.write(line + "\n")

    def kinds(self):
        return ["On"] if "no-off" in self.faults else KINDS

    def root(self):
        return {"@odata.type": "#ServiceRoot.v1_9_0.ServiceRoot", "@odata.id": "/redfish/v1/", "Id": "RootService", "Name": "Root Service",
                "RedfishVersion": "1.6.0", "UUID": "92384634-2938-2342-8820-489239905423",
                "Systems": {"@odata.id": "/redfish/v1/Systems"},
                "SessionService": {"@odata.id": "/redfish/v1/SessionService"},
                "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}}}

    def systems(self):
        members = [{"@odata.id": SYSTEM}] + ([{"@odata.id": "/redfish/v1/Systems/2"}] if "two" in self.faults else [])
        return {"@odata.type": "#ComputerSystemCollection.ComputerSystemCollection", "@odata.id": "/redfish/v1/Systems",
                "Name": "Computer System Collection", "Members@odata.count": len(members), "Members": members}

    def system(self):
        reset = {"target": "//elsewhere.example/reset" if "elsewhere" in self.faults else RESET}
        if "action-info" in self.faults:
            reset["@Redfish.ActionInfo"] = INFO
        else:
            reset["ResetType@Redfish.AllowableValues"] = self.kinds()
        return {"@odata.type": "#ComputerSystem.v1_13_0.ComputerSystem", "@odata.id": SYSTEM, "Id": "437XR1138R2", "Name": "WebFrontEnd483",
                "SystemType": "Physical", "PowerState": self.power, "Status": {"State": "Enabled", "Health": "OK"},
                "Boot": {"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"},
                "Actions": {"#ComputerSystem.Reset": reset}}

    def info(self):
        return {"@odata.type": "#ActionInfo.v1_1_2.ActionInfo", "@odata.id": INFO, "Id": "ResetActionInfo", "Name": "Reset Action Info",
                "Parameters": [{"Name": "ResetType", "Required": True, "DataType": "String", "AllowableValues": self.kinds()}]}

    def resource(self, path):
        return {"/redfish/v1": self.root, "/redfish/v1/Systems": self.systems, SYSTEM: self.system, INFO: self.info}.get(path.rstrip("/"))

    def reset(self, kind):
        self.note(f"reset {kind}")
        if "stuck" not in self.faults and not os.path.exists(self.path("hold")):
            self.power = "On" if kind in ("On", "ForceRestart") else "Off"


def error(message):
    return {"error": {"code": "Base.1.8.GeneralError", "message": "A general error has occurred.",
                      "@Message.ExtendedInfo": [{"MessageId": "Base.1.8.GeneralError", "Message": message}]}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    controller = None

    def log_message(self, *words):
        pass

    def answer(self, status, document):
        body = b"" if document is None else document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("OData-Version", "4.0")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="bmc"')
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refused(self):
        """Whether the request was answered already: all but the root needs a sign-in."""
        faults = self.controller.faults
        if "busy" in faults:
            self.answer(503, error("The service is temporarily unavailable."))
        elif "large" in faults:
            self.answer(200, b'{"Members": [' + b" " * (8 << 20) + b"]}")
        elif "garbled" in faults:
            self.answer(200, b"<html>welcome</html>")
        elif self.path.rstrip("/") != "/redfish/v1" and self.headers.get("Authorization", "") != "Basic " + base64.b64encode(
                f"{USER}:{PASSWORD}".encode()).decode():
            self.answer(401, error("The user or password is wrong."))
        else:
            return False
        return True

    def do_GET(self):
        if self.refused():
            return
        made = self.controller.resource(self.path)
        self.answer(200, made()) if made else self.answer(404, error(f"There is no {self.path}."))

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, 1 << 16))
        if self.refused():
            return
        if self.path != RESET:
            return self.answer(404, error(f"There is no action {self.path}."))
        kind = json.loads(body or b"{}").get("ResetType", "On")
        if kind not in self.controller.kinds():
            return self.answer(400, error(f"The value {kind} for ResetType is not in the list of acceptable values."))
        self.controller.reset(kind)
        self.answer(204, None)


def main():
    folder, faults = sys.argv[1], sys.argv[2:]
    pem = os.path.join(folder, "bmc.pem")
    if not os.path.exists(pem):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                        "/CN=bmc", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pem + ".key", "-out", pem + ".crt"],
                       check=True, capture_output=True)
        with open(pem, "w") as out:
            for part in (".key", ".crt"):
                with open(pem + part) as file:
                    out.write(file.read())
    Handler.controller = Controller(folder, faults)
    if not os.path.exists(Handler.controller.path("power")):
        Handler.controller.power = "Off"
    address = next((word.removeprefix("at=") for word in faults if word.startswith("at=")), "127.0.0.1")
    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(os.path.join(folder, "port.new"), "w") as file:
        file.write(str(server.server_address[1]))
    os.replace(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
    server.serve_forever()


main()

#!/usr/bin/python3
"""Has OpenStack's Redfish client (python3-sushy) switch the model on and off: redfish_judge.py URL. Says what it saw, a line each."""

import sys

import sushy
from sushy import auth

connection = sushy.Sushy(sys.argv[1] + "/redfish/v1", verify=False, auth=auth.BasicAuth(username="truce", password="correct horse"))
system = connection.get_system()
print(system.power_state.value)
print(sorted(kind.value for kind in system.get_allowed_reset_system_values()))
for kind in (sushy.RESET_TYPE_ON if hasattr(sushy, "RESET_TYPE_ON") else sushy.RESET_ON, sushy.RESET_FORCE_OFF):
    system.reset_system(kind)
    system.refresh(force=True)
    print(system.power_state.value)

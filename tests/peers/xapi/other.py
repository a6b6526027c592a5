#!/usr/bin/python3
"""Another client of a pool, and a judge of our model of one: XenAPI.py, as XenServer's makers wrote it (Debian: fence-agents).

other.py ADDRESS PASSWORD VERB [WORD...]     `list` prints what is there, a line of JSON for each machine"""
import json
import ssl
import sys

sys.path.append('/usr/share/fence')
import XenAPI  # noqa: E402

ssl._create_default_https_context = ssl._create_unverified_context  # pylint: disable=protected-access


def main():
    address, password, verb, *words = sys.argv[1:]
    session = XenAPI.Session('https://' + address)
    session.xenapi.login_with_password('root', password)
    api = session.xenapi

    def machine(name):
        return api.VM.get_by_name_label(name)[0]

    if verb == 'list':
        for ref, vm in api.VM.get_all_records().items():
            if not vm['is_a_template'] and not vm['is_control_domain']:
                print(json.dumps({'ref': ref, 'id': vm['uuid'], 'name': vm['name_label'], 'state': vm['power_state'],
                                  'memory': int(vm['memory_static_max']), 'cpus': int(vm['VCPUs_at_startup'])}))
    elif verb == 'start':
        api.VM.start(machine(words[0]), False, False)
    elif verb == 'stop':
        api.VM.hard_shutdown(machine(words[0]))
    elif verb == 'pause':
        api.VM.pause(machine(words[0]))
    elif verb == 'suspend':
        api.VM.suspend(machine(words[0]))
    elif verb == 'snapshot':
        api.VM.snapshot(machine(words[0]), words[1])
    elif verb == 'rename':
        api.VM.set_name_label(machine(words[0]), words[1])
    elif verb == 'migrate':
        api.VM.pool_migrate(machine(words[0]), api.host.get_by_name_label(words[1])[0], {'live': 'true'})
    elif verb == 'events':
        # What xapi's documents show: everything that there is, then what one change makes of it.
        first = getattr(api.event, 'from')(['*'], '', 1.0)
        api.VM.set_name_label(machine(words[0]), words[1])
        then = getattr(api.event, 'from')(['vm'], first['token'], 1.0)
        print(json.dumps({'first': len(first['events']), 'counts': first['valid_ref_counts'],
                          'then': [[one['operation'], one['snapshot']['name_label']] for one in then['events']]}))
    elif verb == 'fail':
        try:
            api.VM.resume(machine(words[0]), False, False)
        except XenAPI.Failure as failure:
            print(json.dumps(failure.details))
    elif verb == 'task':
        task = getattr(api, 'Async').VM.snapshot(machine(words[0]), words[1])
        while api.task.get_status(task) == 'pending':
            pass
        record = api.task.get_record(task)
        api.task.destroy(task)
        print(json.dumps({'status': record['status'], 'result': record['result'], 'finished': str(record['finished'])}))
    else:
        sys.exit(f'no verb {verb}')
    api.session.logout()


if __name__ == '__main__':
    main()

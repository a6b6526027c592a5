"""Which files there are, and what shall stand in them."""

import commands
import config
import dialect
import docs
import operations
import model_types as types
import web

MODEL = 'src/model'


def files(schema):
    """Path → text of every generated file."""
    return {
        f'{MODEL}/include/model/types.h': types.types_header(schema),
        f'{MODEL}/include/model/operations.h': operations.operations_header(schema),
        f'{MODEL}/include/model/config.h': config.config_header(schema),
        f'{MODEL}/include/model/config_options.h': config.options_header(schema),
        f'{MODEL}/generated/schema.h': types.schema_header(schema),
        f'{MODEL}/generated/enums.cpp': types.enums_source(schema),
        f'{MODEL}/generated/instances.cpp': types.instances_source(schema),
        f'{MODEL}/generated/openapi.cpp': operations.openapi_source(schema),
        'programs/truce/generated/commands.h': commands.commands_header(schema),
        'web/src/api/schema.ts': web.schema_ts(schema),
        'docs/reference/api.md': docs.api_page(schema),
        'docs/reference/cli.md': docs.cli_page(schema),
        'docs/reference/config.md': docs.config_page(schema),
        'packaging/truced.conf': docs.config_file(schema),
        'docs/man/truce.1': docs.truce_man(schema),
        'docs/man/truced.8': docs.truced_man(schema),
    }


def stale_files(root):
    """Path → wanted text, for every file under `root` that is absent or different."""
    stale = {}
    for path, text in files(dialect.load(root / 'schema')).items():
        target = root / path
        if not target.exists() or target.read_text(encoding='utf-8') != text:
            stale[path] = text
    return stale

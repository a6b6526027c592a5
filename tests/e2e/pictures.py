"""What a file of a picture says of itself."""


def sizes_of_png(data):
    """Width and height. [PNG specification, IHDR]"""
    if data[:8] != b'\x89PNG\r\n\x1a\n' or data[12:16] != b'IHDR':
        raise AssertionError(f'not a PNG: {data[:16]!r}')
    return int.from_bytes(data[16:20], 'big'), int.from_bytes(data[20:24], 'big')

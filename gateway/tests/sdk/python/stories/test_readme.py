"""The Python of the README, as it stands there, against a node as `make run` starts it."""

import asyncio
import os
import re
import sys
from pathlib import Path

README = Path(__file__).parents[5] / "README.md"


async def test_the_example_logs_in_listens_and_hears_what_it_sends(start):
    node = await start({}, "--demo")
    program = re.search(r"```python\n(.+?)```", README.read_text(), re.DOTALL)[1]
    example = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={**os.environ, "SERVER": node.http}, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            while "hello from Python" not in (line := (await example.stdout.readline()).decode()):
                assert line, "the example ended"
        assert re.fullmatch(r"\d+ message\.created hello from Python\n", line)
    finally:
        example.kill()
        await example.wait()

"""Look at runs in the browser: curves, attempts, where the model looked, tokens."""

from __future__ import annotations

from saccade.cli.arguments import Flag, RunFolders


def verb(runs: RunFolders = ("runs",), *, host: str = "127.0.0.1", port: int = 8765, open: Flag = False) -> None:
    """Serve a page over run folders and evaluations, read only and live while they grow. Ctrl-C ends it.

      saccade view
      saccade view runs/demo runs/mine --port 0

    Args:
        runs: run folders, or folders of run folders.
        host: address to listen on. Whoever can reach it can read the runs: there is no login.
        port: 0 takes a free one.
        open: open the browser.
    """
    import webbrowser
    from pathlib import Path

    from saccade.viewer.server import serve

    if not 0 <= port < 65536:
        raise ValueError(f"--port is 0 to 65535, not {port}")
    server = serve([Path(run).expanduser() for run in runs], host=host, port=port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{server.server_address[1]}/"
    print(f"the viewer is at {address}  (Ctrl-C ends it)", flush=True)
    if open:
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()

"""Start the legacy ERP on real sockets: the control page over HTTP, the drop over SFTP."""

from simulators.erp_legacy import create
from simulators.erp_legacy.sftp import serve_beside
from simulators.kit.server import main

if __name__ == "__main__":
    main(create, serve_beside)

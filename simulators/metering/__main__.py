"""Start the metering on a real socket."""

from simulators.kit.server import main
from simulators.metering import create

if __name__ == "__main__":
    main(create)

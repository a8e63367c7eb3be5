"""`python -m benchmark.cli`, for launchers of processes that start a module."""

from benchmark.cli import main

if __name__ == "__main__":
    main()

"""``python -m dsn_deploy`` is ``dsn``, whether or not the script is on the PATH."""

from dsn_deploy.cli import main

if __name__ == "__main__":
    main()

"""`pincite jobs`: the queue of documents to read."""

import typer

from api.cli.options import Home, Ids, Json, MaybeIds, Password, settings_for

app = typer.Typer()
jobs = typer.Typer(help="List, pause, resume, cancel and retry documents in the queue.", no_args_is_help=True)
app.add_typer(jobs, name="jobs")


@jobs.command("ls")
def jobs_ls(json: Json = False, home: Home = None) -> None:
    """List documents that are queued, being read, paused, cancelled or failed."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.list_jobs(settings, as_json=json))


@jobs.command("pause")
def jobs_pause(ids: MaybeIds = None, json: Json = False, home: Home = None) -> None:
    """Pause documents, or the whole queue if none is named."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.pause(settings, ids or [], as_json=json))


@jobs.command("resume")
def jobs_resume(ids: MaybeIds = None, json: Json = False, home: Home = None) -> None:
    """Resume paused documents, or the whole queue if none is named."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.resume(settings, ids or [], as_json=json))


@jobs.command("cancel")
def jobs_cancel(ids: Ids, json: Json = False, home: Home = None) -> None:
    """Cancel documents that are queued or being read; they stay listed."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.cancel(settings, ids, as_json=json))


@jobs.command("retry")
def jobs_retry(ids: Ids, password: Password = None, json: Json = False, home: Home = None) -> None:
    """Queue failed or cancelled documents again."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.retry(settings, ids, password, as_json=json))

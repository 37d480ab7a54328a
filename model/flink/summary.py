"""Jobs in a few sentences, for the head of a report: who reads and writes what, how, and what the user types."""

from model.flink.config import CP
from model.flink.forms import App
from model.flink.wiring import Chain, Job


def summary(version: str, kafka_version: str, jobs: dict[str, Job], apps: dict[str, App]) -> str:
    told = [f"Flink {version}, Kafka {kafka_version}"]
    told += [_job(name, job) for name, job in jobs.items()]
    told += [_application(name, app) for name, app in apps.items()]
    return ". ".join(told) + "."


def _job(name: str, job: Job) -> str:
    chains = list(dict.fromkeys(job.chains))
    flows = "; ".join(_chain(chain) for chain in chains)
    if len(chains) > 1:  # Tasks have numbers, regions have names.
        tasks_of = {chain: [f"{name}-{at}" for at, one in enumerate(job.chains, 1) if one is chain] for chain in chains}
        told = [f"{', '.join(tasks_of[chain])}, region {chain.path[-1]}, {_chain(chain)}" for chain in chains]
        flows = "; ".join(told)
    tasks = f", {len(job.chains)} subtasks" if len(job.chains) > len(chains) else ""
    interval = job.value(CP + "interval")
    checkpoints = "checkpoints" if interval is not None else "no checkpoints"
    typed = [] if job.given.commands == ["run"] else [f"the user types {', '.join(job.given.commands)}"]
    regions = f" in {len(chains)} regions" if len(chains) > 1 else ""
    colon = ":" if regions else ""
    return "; ".join([f"Job {name}{regions} ({checkpoints}{tasks}){colon} {flows}", *typed])


def _chain(chain: Chain) -> str:
    source = "a socket" if chain.source.topic is None else f"{chain.source.topic} ({chain.source.is_})"
    how = chain.sink.is_ if chain.sink.topic is None else f"{chain.sink.is_} {chain.guarantee()}"
    sink = "prints" if chain.sink.is_ == "print" else f"writes {chain.sink.topic or 'its output'} ({how})"
    return f"reads {source} and {sink}"


def _application(name: str, app: App) -> str:
    does = []
    if app.reads is not None:
        level = str(app.consumer.get("isolation.level", "read_uncommitted"))
        does.append(f"reads {app.reads} ({level})")
    if app.writes is not None:
        does.append(f"writes {app.writes}{' in transactions' if 'transactional.id' in app.producer else ''}")
    return f"{name} {' and '.join(does)}"

"""Work that is given to other machines: who they are, what they have, what lies in the bucket."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("pool", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("local", sa.Boolean(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("build", sa.String(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beaten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quarantined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quarantine_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_workers_secret_hash")),
    )
    op.create_table(
        "run_owners",
        sa.Column("flow_run", sa.String(length=36), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("flow_run", name=op.f("pk_run_owners")),
    )
    op.create_index(op.f("ix_run_owners_worker"), "run_owners", ["worker"])
    op.create_table(
        "staged_films",
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sheet_sha256", sa.String(length=64), nullable=False),
        sa.Column("excerpt_sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_staged_films_video_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_staged_films")),
    )
    op.create_index(op.f("ix_staged_films_video_id"), "staged_films", ["video_id"])
    added = (
        sa.Column("key", sa.String(length=32), nullable=True),
        sa.Column("phase", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("pool", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("queue", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("build", sa.String(), nullable=False, server_default=""),
        sa.Column("document", sa.Text(), nullable=False, server_default=""),
        sa.Column("upload", sa.Text(), nullable=False, server_default=""),
        sa.Column("progress", sa.Text(), nullable=False, server_default=""),
        sa.Column("beaten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=False, server_default=""),
    )
    with op.batch_alter_table("jobs") as jobs:
        for column in added:
            jobs.add_column(column)
        jobs.create_unique_constraint(op.f("uq_jobs_key"), ["key"])
        jobs.create_index(op.f("ix_jobs_worker"), ["worker"])
        jobs.create_index(op.f("ix_jobs_phase"), ["phase"])
    # The defaults were for the rows that are there; the application brings its own.
    with op.batch_alter_table("jobs") as jobs:
        for column in added:
            if column.server_default is not None:
                jobs.alter_column(column.name, server_default=None)

"""What Sonarr and Radarr know of our films, and what they have to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arr_instances",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sync_words", sa.Text(), nullable=False),
        sa.Column("failing", sa.Boolean(), nullable=False),
        sa.Column("unmapped", sa.Text(), nullable=False),
        sa.Column("webhook", sa.String(length=32), nullable=False),
        sa.Column("webhook_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_arr_instances")),
    )
    op.create_table(
        "arr_files",
        sa.Column("instance", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=True),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_arr_files_video_id")),
        sa.PrimaryKeyConstraint("instance", "file_id", name=op.f("pk_arr_files")),
    )
    op.create_index(op.f("ix_arr_files_instance_title_id"), "arr_files", ["instance", "title_id"])
    op.create_index(op.f("ix_arr_files_video_id"), "arr_files", ["video_id"])
    op.create_table(
        "arr_wishes",
        sa.Column("instance", sa.String(length=64), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance", "title_id", name=op.f("pk_arr_wishes")),
    )
    op.create_table(
        "arr_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("swap_id", sa.String(length=32), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_arr_notices_video_id")),
        sa.UniqueConstraint("swap_id", "instance", name=op.f("uq_arr_notices_swap_id_instance")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arr_notices")),
    )
    op.create_index(op.f("ix_arr_notices_video_id"), "arr_notices", ["video_id"])
    op.create_table(
        "bad_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_bad_files_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bad_files")),
    )
    op.create_index(op.f("ix_bad_files_video_id"), "bad_files", ["video_id"])

"""Pilot probes, what a finished search teaches the next, and probes that are found by their key."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("vmaf_probes") as probes:
        probes.add_column(sa.Column("pilot", sa.Boolean(), nullable=False, server_default=sa.false()))
        probes.add_column(sa.Column("preset", sa.Integer(), nullable=False, server_default="0"))
        probes.drop_constraint(op.f("uq_vmaf_probes_video_id_search_key_crf"), type_="unique")
        probes.create_unique_constraint(
            op.f("uq_vmaf_probes_video_id_search_key_crf_pilot_preset"),
            ["video_id", "search_key", "crf", "pilot", "preset"],
        )
        probes.create_index(op.f("ix_vmaf_probes_search_key"), ["search_key"], unique=False)
    with op.batch_alter_table("searches") as searches:
        searches.add_column(sa.Column("class_key", sa.String(length=64), nullable=False, server_default=""))
        searches.add_column(sa.Column("slope", sa.Float(), nullable=True))
        searches.add_column(sa.Column("bias", sa.Float(), nullable=False, server_default="0"))
        searches.add_column(sa.Column("sampled", sa.Boolean(), nullable=False, server_default=sa.false()))
        searches.add_column(sa.Column("probed", sa.Boolean(), nullable=False, server_default=sa.true()))
        searches.add_column(sa.Column("proxy_offset", sa.Float(), nullable=True))
        searches.add_column(sa.Column("proxy_size", sa.Float(), nullable=True))
        searches.create_index(op.f("ix_searches_class_key"), ["class_key"], unique=False)
    with op.batch_alter_table("encodes") as encodes:
        encodes.add_column(sa.Column("deviation", sa.Float(), nullable=True))
        encodes.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("vmaf_probes") as probes:
        probes.alter_column("pilot", server_default=None)
        probes.alter_column("preset", server_default=None)
    with op.batch_alter_table("searches") as searches:
        for name in ("class_key", "bias", "sampled", "probed"):
            searches.alter_column(name, server_default=None)
    with op.batch_alter_table("encodes") as encodes:
        encodes.alter_column("note", server_default=None)

"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "libraries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sentinel", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_libraries")),
        sa.UniqueConstraint("path", name=op.f("uq_libraries_path")),
    )
    op.create_table(
        "videos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("sparse_hash", sa.String(), nullable=False),
        sa.Column("links", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["library_id"], ["libraries.id"], name=op.f("fk_videos_library_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_videos")),
        sa.UniqueConstraint("path", name=op.f("uq_videos_path")),
    )
    op.create_index(op.f("ix_videos_inode_device"), "videos", ["inode", "device"], unique=False)
    op.create_index(op.f("ix_videos_library_id"), "videos", ["library_id"], unique=False)
    op.create_table(
        "encodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("crf", sa.Float(), nullable=False),
        sa.Column("result_path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("source_size", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("predicted", sa.Float(), nullable=False),
        sa.Column("achieved", sa.Float(), nullable=True),
        sa.Column("achieved_p5", sa.Float(), nullable=True),
        sa.Column("scored_share", sa.Float(), nullable=False),
        sa.Column("streams_before", sa.Text(), nullable=False),
        sa.Column("streams_after", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("build", sa.String(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_encodes_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encodes")),
    )
    op.create_index(op.f("ix_encodes_video_id"), "encodes", ["video_id"], unique=False)
    op.create_table(
        "facts",
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=True),
        sa.Column("bitrate", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("codec", sa.String(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("frame_rate", sa.String(), nullable=True),
        sa.Column("rate_mode", sa.String(), nullable=False),
        sa.Column("bit_depth", sa.Integer(), nullable=True),
        sa.Column("chroma", sa.String(), nullable=True),
        sa.Column("scan", sa.String(), nullable=False),
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("pixel_aspect", sa.String(), nullable=False),
        sa.Column("hdr", sa.String(), nullable=False),
        sa.Column("dolby_vision_profile", sa.String(), nullable=True),
        sa.Column("audio_tracks", sa.Integer(), nullable=False),
        sa.Column("text_tracks", sa.Integer(), nullable=False),
        sa.Column("audio_codecs", sa.String(), nullable=False),
        sa.Column("content_year", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_facts_video_id")),
        sa.PrimaryKeyConstraint("video_id", name=op.f("pk_facts")),
    )
    op.create_index(op.f("ix_facts_codec"), "facts", ["codec"], unique=False)
    op.create_table(
        "failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_failures_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failures")),
    )
    op.create_index(
        op.f("ix_failures_resolved_at_stage_category_code"),
        "failures",
        ["resolved_at", "stage", "category", "code"],
        unique=False,
    )
    op.create_index(op.f("ix_failures_video_id"), "failures", ["video_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("flow_run", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_jobs_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("video_id", "kind", "attempt", name=op.f("uq_jobs_video_id_kind_attempt")),
    )
    op.create_index(op.f("ix_jobs_video_id"), "jobs", ["video_id"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("swap_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("bytes_before", sa.BigInteger(), nullable=False),
        sa.Column("bytes_after", sa.BigInteger(), nullable=False),
        sa.Column("bytes_freed", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_ledger_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("swap_id", "kind", name=op.f("uq_ledger_swap_id_kind")),
    )
    op.create_index(op.f("ix_ledger_swap_id"), "ledger", ["swap_id"], unique=False)
    op.create_index(op.f("ix_ledger_video_id"), "ledger", ["video_id"], unique=False)
    op.create_table(
        "mediainfo_documents",
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_mediainfo_documents_video_id")),
        sa.PrimaryKeyConstraint("video_id", name=op.f("pk_mediainfo_documents")),
    )
    op.create_table(
        "plans",
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("policy_digest", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_plans_video_id")),
        sa.PrimaryKeyConstraint("video_id", name=op.f("pk_plans")),
    )
    op.create_table(
        "searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("search_key", sa.String(length=64), nullable=False),
        sa.Column("crf", sa.Float(), nullable=False),
        sa.Column("predicted", sa.Float(), nullable=False),
        sa.Column("interval", sa.Float(), nullable=False),
        sa.Column("percent", sa.Float(), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=False),
        sa.Column("preset", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("build", sa.String(), nullable=False),
        sa.Column("searched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_searches_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
    )
    op.create_index(op.f("ix_searches_video_id"), "searches", ["video_id"], unique=False)
    op.create_table(
        "state_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(length=32), nullable=False),
        sa.Column("after", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_state_changes_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_changes")),
    )
    op.create_index(op.f("ix_state_changes_video_id"), "state_changes", ["video_id"], unique=False)
    op.create_table(
        "swaps",
        sa.Column("id", sa.String(length=32), autoincrement=False, nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("trash", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("size_before", sa.BigInteger(), nullable=False),
        sa.Column("size_after", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_swaps_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
    )
    op.create_index(op.f("ix_swaps_batch"), "swaps", ["batch"], unique=False)
    op.create_index(op.f("ix_swaps_state"), "swaps", ["state"], unique=False)
    op.create_index(op.f("ix_swaps_video_id"), "swaps", ["video_id"], unique=False)
    op.create_table(
        "video_states",
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_video_states_video_id")),
        sa.PrimaryKeyConstraint("video_id", name=op.f("pk_video_states")),
    )
    op.create_index(op.f("ix_video_states_state_priority"), "video_states", ["state", "priority"], unique=False)
    op.create_table(
        "vmaf_probes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("search_key", sa.String(length=64), nullable=False),
        sa.Column("crf", sa.Float(), nullable=False),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.Column("p5", sa.Float(), nullable=True),
        sa.Column("percent", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("windows", sa.Text(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("build", sa.String(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_vmaf_probes_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vmaf_probes")),
        sa.UniqueConstraint("video_id", "search_key", "crf", name=op.f("uq_vmaf_probes_video_id_search_key_crf")),
    )
    op.create_index(op.f("ix_vmaf_probes_video_id"), "vmaf_probes", ["video_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_vmaf_probes_video_id"), table_name="vmaf_probes")
    op.drop_table("vmaf_probes")
    op.drop_index(op.f("ix_video_states_state_priority"), table_name="video_states")
    op.drop_table("video_states")
    op.drop_index(op.f("ix_swaps_video_id"), table_name="swaps")
    op.drop_index(op.f("ix_swaps_state"), table_name="swaps")
    op.drop_index(op.f("ix_swaps_batch"), table_name="swaps")
    op.drop_table("swaps")
    op.drop_index(op.f("ix_state_changes_video_id"), table_name="state_changes")
    op.drop_table("state_changes")
    op.drop_index(op.f("ix_searches_video_id"), table_name="searches")
    op.drop_table("searches")
    op.drop_table("plans")
    op.drop_table("mediainfo_documents")
    op.drop_index(op.f("ix_ledger_video_id"), table_name="ledger")
    op.drop_index(op.f("ix_ledger_swap_id"), table_name="ledger")
    op.drop_table("ledger")
    op.drop_index(op.f("ix_jobs_video_id"), table_name="jobs")
    op.drop_table("jobs")
    op.drop_index(op.f("ix_failures_video_id"), table_name="failures")
    op.drop_index(op.f("ix_failures_resolved_at_stage_category_code"), table_name="failures")
    op.drop_table("failures")
    op.drop_index(op.f("ix_facts_codec"), table_name="facts")
    op.drop_table("facts")
    op.drop_index(op.f("ix_encodes_video_id"), table_name="encodes")
    op.drop_table("encodes")
    op.drop_index(op.f("ix_videos_library_id"), table_name="videos")
    op.drop_index(op.f("ix_videos_inode_device"), table_name="videos")
    op.drop_table("videos")
    op.drop_table("libraries")

"""What the page of a series or movie is called in its Sonarr or Radarr."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("arr_files") as files:
        files.add_column(sa.Column("slug", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("arr_files") as files:
        files.alter_column("slug", server_default=None)

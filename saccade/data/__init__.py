"""Data: rows of other projects as samples. `source` opens a file, a folder or a world by a short text."""

from saccade.data.columns import LAYOUTS
from saccade.data.prints import data_hash, image_hashes, overlap, split
from saccade.data.rows import RowSource, skipped
from saccade.data.spec import source, world

__all__ = ["LAYOUTS", "RowSource", "data_hash", "image_hashes", "overlap", "skipped", "source", "split", "world"]

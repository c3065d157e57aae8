"""The files under ``results/``: where they are, what they hold, how they are read and written.

================== =============================================================================
``paths``          the paths of all files, and the files of a map and of a run
``runs``           the key of a run, and the labels of samples
``arrow``          Arrow arrays without copies, and small Parquet files
``source_record``  the record of a map's source, ``source.json``
``pixels``         maps: ``pixels.parquet``, ``bins.parquet`` and ``source.json``
``masks``          masks: one Parquet file per map
``weights``        weights, trace and verdict of a run
``mcool``          the balanced ``.mcool`` of a sample
``weight_columns`` its columns of weights, which Python's ``to_cooler`` writes too
``cooler_pixels``  its pixels, compressed on several threads
``tiling``         bin tables without holes, as readers of coolers need them
``hdf5_output``    HDF5 files on a disk that may be full
``missing``        why a run has no result
================== =============================================================================
"""

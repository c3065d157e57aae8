"""The files under ``results/``: where they are and what they hold; safe changes of a user's file.

================== =============================================================================
``paths``          the paths of all files, and the files of a map and of a run
``runs``           the key of a run, and the labels of samples
``arrow``          Arrow arrays without copies, and small Parquet files
``source_record``  the record of a map's source, ``source.json``
``pixels``         maps: ``pixels.parquet``, ``bins.parquet`` and ``source.json``
``masks``          masks: one Parquet file per map
``priors``         priors: the summed bias of the samples of a pool, and the bias of a file
``weights``        weights, trace and verdict of a run
``mcool``          the balanced ``.mcool`` of a sample
``weight_columns`` its columns of weights, which Python's ``to_cooler`` writes too
``cooler_pixels``  its pixels, compressed on several threads
``tiling``         bin tables without holes, as readers of coolers need them
``hdf5_output``    HDF5 files on a disk that may be full
``in_place``       changes of a user's file, which is as it was or complete at any moment
``missing``        why a run has no result
================== =============================================================================
"""

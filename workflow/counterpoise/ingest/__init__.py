"""Convert a `.hic`, `.cool` or `.mcool` file, local or on the web, to checked pixels on disk.

In the order in which data passes:

=================== ===========================================================================
`urls`              which URLs a sample may have, and where their files are kept
`identity`          the SHA-256 of a file, and whether its content changed
`download`          fetch the file of a URL once, completely, and keep it by content
`formats`           **the table of formats**; choose the reader of a source and inspect it
`other_formats`     formats that are not read, and the commands that convert them
`reader_interface`  what every reader offers: ``inspect`` and ``open_level``, and their results
`cooler_reader`     reader of `.cool` and `.mcool`
`cells_reader`      reader of the sum of cells in a `.scool`
`cooler_file`       open the HDF5 file of a cooler, find its groups, read its attributes
`cooler_tables`     check which columns a cooler has, and the sizes that it claims
`cooler_bins`       read and check the bin table of a cooler
`hdf5_links`        follow links within an HDF5 file, and refuse those that leave it
`hdf5_trial`        let another process read an HDF5 file first, over which it may crash
`hdf5_worker`       the program of that process
`hdf5_chunks`       check the compressed chunks of an HDF5 dataset
`hdf5_column`       read a column of an HDF5 table, inflated by threads
`hic_reader`        reader of `.hic`
`hic_file`          header, index and blocks of a `.hic` file, in plain Python
`hic_block`         bins of the records in a block of a `.hic` file
`chromosome_names`  check the names of chromosomes
`byte_reader`       numbers and text from a binary file; errors name the place
`http_file`         a file on a web server, read in place by ranges of bytes
`hic_subprocess`    start and watch the process that reads the contacts of a `.hic` file
`hic_worker`        the program of that process
`hic_engines`       the C++ libraries that it uses: hictkpy and hic-straw
`pixel_checks`      check the pixels of every format, and correct harmless irregularities
`coarsen`           sum a map into larger bins
`sorting`           sort pixels and add up those of the same bins, with scratch files
`read`              all of the above: open a source at a resolution, or read it into memory
`chromosome_choice` restrict a map to some chromosomes, in another order
`finer`             open a map as the sum of a finer map of the sample
`merging`           open a map as the sum of the maps of several samples
`thinning`          open a map as a random draw of the contacts of another map
`copy_number_table` copy numbers of the bins, from a table of segments
`statistics`        contacts of a map by bin and by distance
`pixels`            write the checked pixels, the bins and the record of the source
`pypi`              fetch files from Python source packages (the demo's yeast map)
`demo_maps`         the maps of the demo cohort
=================== ===========================================================================

To add an input format, write a reader and add it to the table in `formats`.
"""

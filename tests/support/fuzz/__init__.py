"""A fuzzer: damaged inputs, each of which must end in a right result or a named error.

A case is a kind and a number, such as ``cool:17``. The number seeds everything that is random in
it, so a case can be repeated. Each case changes one valid small input and gives it to the package:

============ ======================================================================================
`seeds`      the valid inputs, and what is in them
`hdf5`       changes of coolers through h5py: types, shapes, values, links, attributes
`texts`      changes of bytes and of text
`cases`      the kinds of cases: how an input is made, read, and judged
`child`      a process that runs cases; its memory is limited
`peer`       a process that reads the same file with cooler or hictkpy
`pool`       starts the processes, ends those that hang, and collects the faults
`__main__`   the command line, ``make fuzz``
============ ======================================================================================
"""

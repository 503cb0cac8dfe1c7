internal import HoldfastCommand

HoldfastProgram.main()

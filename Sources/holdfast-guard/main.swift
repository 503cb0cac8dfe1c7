import HoldfastGuard
import HoldfastLinux

ThisProcess.end(GuardProgram.run(CommandLine.arguments))

// Loaded into a process that must not outlive the one that started it: stops it when the channel between them closes.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

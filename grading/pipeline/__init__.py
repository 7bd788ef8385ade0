"""From text source to grade: build, release, collect, rebuild, grade, import, feed back, export."""

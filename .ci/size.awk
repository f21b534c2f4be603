# Lines of the package and the rooms' shares, from `wc -l`. A room is a folder of the package; its own files are "top".
$2 == "total" { next }
{
	split($2, parts, "/")
	room = parts[3] == "" ? "top" : parts[2]
	lines[room] += $1
	total += $1
	files++
	if ($1 > longest) { longest = $1; file = $2 }
}
END {
	printf "%d lines in %d files; the longest: %s, %d\n", total, files, file, longest
	for (room in lines) printf "%6d %5.1f%%  %s\n", lines[room], 100 * lines[room] / total, room | "sort -rn"
}

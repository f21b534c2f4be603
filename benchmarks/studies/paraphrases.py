"""Pairs of texts that say the same in other words, written for this project in the style of library records."""

PARAPHRASES = [
    (
        "This book introduces the basic concepts of operating systems, with many examples taken from Linux.",
        "An introduction to the fundamental ideas behind operating systems, illustrated throughout with Linux.",
    ),
    (
        "The proceedings contain 42 papers on computer vision that were selected from more than 150 submissions.",
        "Out of over 150 submitted articles on computer vision, 42 were accepted for publication in this volume.",
    ),
    (
        "We show how small changes to the words of a document can mislead a classifier with thousands of labels.",
        "A classifier with thousands of labels can be fooled, we demonstrate, by slight edits to a document's wording.",
    ),
    (
        "A practical guide for programmers who want to learn how to test software automatically.",
        "Developers who wish to master automated software testing will find hands-on advice here.",
    ),
    (
        "The thesis examines how energy consumption of data centres can be reduced without loss of performance.",
        "How can data centres use less power and still be as fast? This dissertation investigates the question.",
    ),
    (
        "Climate change threatens the water supply of many cities in southern Europe.",
        "Numerous southern European towns risk running short of water because of global warming.",
    ),
    (
        "The author describes the history of cryptography from ancient times to the present day.",
        "From antiquity until today: this work tells the story of secret writing.",
    ),
    (
        "Students of economics will find here an overview of methods for the analysis of time series.",
        "An outline of time series analysis techniques, aimed at people who study economics.",
    ),
    (
        "Wireless sensor networks are used to observe the condition of bridges and buildings.",
        "Bridges and other structures are monitored by means of networks of radio-connected sensors.",
    ),
    (
        "The report compares the school systems of five countries and recommends several reforms.",
        "Five nations' educational systems are contrasted in this study, which proposes a number of improvements.",
    ),
    (
        "Robots that work side by side with people in factories must satisfy strict safety rules.",
        "Severe security requirements apply to industrial machines that cooperate directly with human workers.",
    ),
    (
        "An efficient algorithm is presented that finds the shortest path in very large graphs.",
        "We propose a fast procedure for computing minimal routes in huge networks.",
    ),
    (
        "The second edition has been completely revised and contains a new chapter on deep learning.",
        "Fully updated, this new edition adds a chapter about deep neural networks.",
    ),
    (
        "Doctors increasingly use images and machine learning to detect cancer at an early stage.",
        "Early recognition of tumours by physicians relies more and more on imaging combined with learned models.",
    ),
    (
        "This volume collects essays on the influence of social media on political elections.",
        "How social networks shape the outcome of votes is the topic of the articles gathered here.",
    ),
    (
        "The handbook explains step by step how to set up a database server and keep it secure.",
        "Installing and protecting a database server is explained in this manual one step after another.",
    ),
    (
        "Many small companies hesitate to store their data in the cloud because they fear losing control.",
        "Afraid of giving up control, numerous little firms are reluctant to move their data to cloud services.",
    ),
    (
        "The project developed new materials for solar cells that are cheaper and last longer.",
        "Less expensive and more durable substances for photovoltaic cells were created in this project.",
    ),
    (
        "A mathematical model of traffic flow is used to predict congestion on motorways.",
        "Traffic jams on highways are forecast with the help of a mathematical description of how vehicles move.",
    ),
    (
        "The catalogue accompanies an exhibition of computer art from the nineteen sixties and seventies.",
        "Published for a show of art made with computers during the 1960s and 1970s.",
    ),
    (
        "Noise from wind turbines can be lowered by changing the shape of the blades.",
        "A different blade geometry makes wind power plants quieter.",
    ),
    (
        "The course teaches children aged ten and older to write their first computer games.",
        "Kids from the age of ten learn in this class how to program simple games of their own.",
    ),
    (
        "We study how readers search library catalogues and which errors they make most often.",
        "This paper investigates how people look for books in library catalogues, and their most frequent mistakes.",
    ),
    (
        "The standard defines how electronic documents are to be archived so that they stay readable for decades.",
        "Rules are laid down for the long-term preservation of digital documents, to keep them legible for many years.",
    ),
    (
        "Statistical methods for comparing two treatments in clinical trials are discussed in detail.",
        "A thorough discussion of statistics for clinical studies in which a pair of therapies is compared.",
    ),
]
"""(a text, the same in other words); 25 pairs."""
